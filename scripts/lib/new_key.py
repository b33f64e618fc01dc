#!/usr/bin/python3
"""Makes a signing key in FOLDER unless it holds one: FOLDER/YYYY-MM.jwk, HS256, 32 random bytes, mode 0600.

usage: new_key.py FOLDER
"""
import base64
import json
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path


def main():
    folder = Path(sys.argv[1])
    if any(folder.glob("*.jwk")):
        return
    kid = time.strftime("%Y-%m")
    secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    key = {"kty": "oct", "alg": "HS256", "use": "sig", "kid": kid, "k": secret}
    handle, aside = tempfile.mkstemp(dir=folder, prefix=".new-")  # mode 0600
    with os.fdopen(handle, "w") as file:
        json.dump(key, file)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(aside, folder / f"{kid}.jwk")
    print(f"made {kid}.jwk")


if __name__ == "__main__":
    main()
