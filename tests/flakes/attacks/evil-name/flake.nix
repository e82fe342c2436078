# A host's name that a shell, a path or a page could take for something else.
{
  outputs = { self }: {
    nixosConfigurations."x\n../'; reboot #<script>" = import ../host.nix "host" { };
  };
}
