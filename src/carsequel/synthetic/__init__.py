"""Synthetic records with known truth: virtual patients as a centre would have written them down."""

from carsequel.synthetic.records import Records, make_records

__all__ = ["Records", "make_records"]
