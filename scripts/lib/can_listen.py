#!/usr/bin/python3
"""Exits 0 if ADDRESS and PORT are free to listen on; otherwise prints why not and exits 1.

usage: can_listen.py ADDRESS PORT
"""
import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((address, port))
        probe.listen()
    except OSError as error:
        sys.exit(error.strerror)
