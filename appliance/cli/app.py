"""`nixie`: the list of its nouns.  Commands that start things stand in modules of their own."""

import typer

from appliance.cli import (
    bench,
    boot,
    build,
    builder,
    cache,
    change,
    device,
    dns,
    files,
    firewall,
    host,
    image,
    journal,
    lab,
    machine,
    menu,
    network,
    notice,
    password,
    public_name,
    push,
    rescue,
    run,
    source,
    status,
    storage,
    token,
)

app = typer.Typer(
    help="Nixie Router: boot the machines on your network straight from a Nix flake.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(source.group, name="source")
app.add_typer(storage.group, name="storage")
app.add_typer(host.group, name="host")
app.add_typer(image.group, name="image")
app.add_typer(build.group, name="build")
app.add_typer(cache.group, name="cache")
app.add_typer(builder.group, name="builder")
app.add_typer(machine.group, name="machine")
app.add_typer(menu.group, name="menu")
app.add_typer(boot.group, name="boot")
app.add_typer(network.group, name="network")
app.add_typer(dns.group, name="dns")
app.add_typer(device.group, name="device")
app.add_typer(firewall.group, name="firewall")
app.add_typer(public_name.group, name="public-name")
app.add_typer(notice.group, name="notice")
app.add_typer(change.group, name="change")
app.add_typer(token.group, name="token")
app.add_typer(lab.group, name="lab")
push.add(host.group)
files.add(host.group)
status.add(app)
journal.add(app)
password.add(app)
run.add(app)
rescue.add(app)
bench.add(app)
