"""Pages: public, membership, archive, ops."""
