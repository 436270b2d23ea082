"""The tables: clusters, similar clusters, and lists, with their columns and headings."""
