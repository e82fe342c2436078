# The Python that runs Nixie, with the packages of pyproject.toml from nixpkgs.
{ python3 }:
python3.withPackages (
  packages: with packages; [
    aiohttp
    alembic
    argon2-cffi
    cryptography
    dnslib
    fastapi
    httptools
    httpx
    jinja2
    nftables
    pyroute2
    python-multipart
    segno
    sqlmodel
    tftpy
    typer
    uvicorn
  ]
)
