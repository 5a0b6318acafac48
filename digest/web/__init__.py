"""Pages for readers and members, and what a monitor asks; see `digest.web.site.create_web`."""
