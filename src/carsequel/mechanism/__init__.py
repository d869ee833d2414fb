"""How it happens: models of CAR T cells and tumour written once in plain arithmetic, and the solvers that run them."""
