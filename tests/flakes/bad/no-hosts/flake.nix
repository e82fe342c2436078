{
  outputs = { self }: { packages = { }; nixosModules = { }; };
}
