"""Decisions: clustering, history, groups, and the session that holds them. No Qt."""
