"""What people look at after the model: doubtful pictures, claims against them, and decisions."""
