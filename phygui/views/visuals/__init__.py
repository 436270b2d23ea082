"""Batched GPU visuals that the views share: one draw call each."""
