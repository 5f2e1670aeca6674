"""Decisions. Pure: no clock, no network, no database, no Django."""
