{
  outputs = { self }: { nixosConfigurations = { }; };
}
