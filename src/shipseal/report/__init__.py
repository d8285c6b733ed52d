"""What people read: summaries and pages."""
