"""What people write here themselves: notes, approvals, revised prices. No sync touches it."""
