"""Shards on disk, atomic publication, manifest, ledger, verification."""
