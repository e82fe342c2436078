# Evaluation looks at variables, which may hold secrets: in pure evaluation all of them are empty.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" {
      parameters = [ "leaked=${builtins.getEnv "NIX_CONF_DIR"}${builtins.getEnv "HOME"}." ];
    };
  };
}
