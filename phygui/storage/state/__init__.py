"""What is kept beside a dataset: lock, journal, backups; and durable writing."""
