"""What every view is made of: the canvas, axes, mouse, colours, and its visuals."""
