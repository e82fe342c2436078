# Conditions, priorities and order that a definition can carry, under the names and numbers of nixpkgs' lib/modules.nix:
# 1500 an option's own default, 1000 mkDefault, 100 a plain definition, 60 an image medium, 50 mkForce, 10 a test VM.
rec {
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOrder = priority: content: { _type = "order"; inherit priority content; };

  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;

  defaultOverridePriority = 100;
  defaultOrderPriority = 1000;

  isType = kind: x: builtins.isAttrs x && (x._type or null) == kind;

  mkOption = fields: { _type = "option"; } // fields;
  isOption = isType "option";
  mkEnableOption = what: mkOption {
    default = false;
    example = true;
    type.simple = "bool";
    description = "Whether to enable ${what}.";
  };
}
