"""HDF5 files from anywhere, read with every size and type checked first."""
