"""The lesson itself: five points, one line, several ways down."""
