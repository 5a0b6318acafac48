"""The whole main job on one's own desk: a sample of papers, real mails, no set-up."""
