# What the sample's modules call `lib`: the names that nixpkgs' lib has, as far as they are used here.
let
  lib = builtins // {
    inherit lib;

    id = x: x;
    optional = when: x: if when then [ x ] else [ ];
    optionals = when: xs: if when then xs else [ ];
    optionalString = when: s: if when then s else "";
    optionalAttrs = when: set: if when then set else { };
    concatStringsSep = builtins.concatStringsSep;
    concatMapStringsSep = between: f: xs: builtins.concatStringsSep between (map f xs);
    concatMapStrings = lib.concatMapStringsSep "";
    nameValuePair = name: value: { inherit name value; };
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    genAttrs = names: f: builtins.listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    filterAttrs =
      keep: set:
      builtins.listToAttrs (
        builtins.concatMap (name: lib.optional (keep name set.${name}) (lib.nameValuePair name set.${name})) (
          builtins.attrNames set
        )
      );
    hasPrefix = start: s: builtins.substring 0 (builtins.stringLength start) s == start;
    hasSuffix =
      end: s:
      let
        all = builtins.stringLength s;
        tail = builtins.stringLength end;
      in
      all >= tail && builtins.substring (all - tail) tail s == end;
    removeSuffix =
      end: s:
      if lib.hasSuffix end s then
        builtins.substring 0 (builtins.stringLength s - builtins.stringLength end) s
      else
        s;
    removePrefix =
      start: s:
      if lib.hasPrefix start s then builtins.substring (builtins.stringLength start) (-1) s else s;
    hasAttrByPath =
      path: set:
      let
        name = builtins.head path;
      in
      path == [ ] || (builtins.isAttrs set && set ? ${name} && lib.hasAttrByPath (builtins.tail path) set.${name});
    last = xs: builtins.elemAt xs (builtins.length xs - 1);
    unique = builtins.foldl' (seen: x: if builtins.elem x seen then seen else seen ++ [ x ]) [ ];
    any = builtins.any;
    isDerivation = x: builtins.isAttrs x && (x.type or null) == "derivation";
    isStringLike = x: builtins.isString x || builtins.isPath x || x ? outPath;
    showOption = builtins.concatStringsSep ".";
    escapeShellArg =
      word:
      let
        s = toString word;
      in
      if builtins.match "[[:alnum:],._+:@%/-]+" s != null then s else "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] s}'";
    makeBinPath = lib.concatMapStringsSep ":" (package: "${package}/bin");
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    mdDoc = lib.id;
    trivial.release = "26.05";
  }
  // import ./properties.nix
  // import ./modules.nix { inherit lib; }
  // {
    types = import ./types.nix { inherit lib; };
  };
in
lib
