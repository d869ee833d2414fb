"""What registries and auditors ask of findings: forms by reporting period, grades by hand, open questions, choices."""
