"""The words of the field: quantities, units, products, diseases, codes, sources, findings and day series."""
