"""What registries and auditors ask of findings: reporting periods, comparison with grades by hand, open questions."""
