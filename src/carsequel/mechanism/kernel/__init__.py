"""From one plain function to a compiled kernel: trace, differentiate, print, drive."""
