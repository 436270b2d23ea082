"""The files beside a .kwik file: features (.kwx) and raw data (.raw.kwd, .dat)."""
