"""Recordings replayed and measured: answers, tables, reports."""
