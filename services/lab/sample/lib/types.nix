# Option types under the names of nixpkgs' lib/types.nix.  A type checks one value and merges the definitions that are left.
{ lib }:
let
  inherit (builtins) all attrNames concatMap elem filter head isAttrs isBool isFunction isInt isList isPath isString length;
  inherit (lib) last showOption;

  plain = { name, description ? name, check ? (_: true), merge ? one }: {
    _type = "option-type";
    inherit name description check merge;
    getSubOptions = _: { };
    nestedTypes = { };
    typeMerge = other: if other.name == name then plain { inherit name description check merge; } else null;
  };

  # All definitions must say the same.
  one =
    location: definitions:
    if all (d: d.value == (head definitions).value) definitions then
      (head definitions).value
    else
      throw "The option `${showOption location}' has conflicting definition values:${
        lib.concatMapStrings (d: "\n- In `${d.file}': ${builtins.toJSON d.value}") definitions
      }\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  only =
    location: definitions:
    if length definitions == 1 then
      (head definitions).value
    else
      throw "The option `${showOption location}' is defined multiple times while it's expected to be unique.${
        lib.concatMapStrings (d: "\n- In `${d.file}'") definitions
      }";

  joined = between: _: definitions: lib.concatMapStringsSep between (d: d.value) definitions;

  over = element: both: make: other: name:
    if other.name != name then
      null
    else
      let
        inner = element.typeMerge both;
      in
      if inner == null then null else make inner;

  attrsOfType = name: lazy: element: {
    _type = "option-type";
    inherit name;
    description = "${if lazy then "lazy " else ""}attribute set of ${element.description}";
    check = isAttrs;
    empty = { };
    merge =
      location: definitions:
      let
        names = attrNames (builtins.foldl' (a: d: a // d.value) { } definitions);
        at =
          key:
          lib.mergeDefinitions (location ++ [ key ]) element (
            concatMap (d: lib.optional (d.value ? ${key}) { inherit (d) file; value = d.value.${key}; }) definitions
          );
        every = lib.genAttrs names at;
      in
      builtins.mapAttrs (_: m: m.value) (if lazy then every else lib.filterAttrs (_: m: m.isDefined) every);
    getSubOptions = prefix: element.getSubOptions (prefix ++ [ "<name>" ]);
    nestedTypes.elemType = element;
    typeMerge = other: over element other.nestedTypes.elemType (attrsOfType name lazy) other name;
  };

  listOfType = element: rec {
    _type = "option-type";
    name = "listOf";
    description = "list of ${element.description}";
    check = isList;
    empty = [ ];
    merge =
      location: definitions:
      concatMap (m: lib.optional m.isDefined m.value) (
        concatMap (
          d:
          builtins.genList (
            n:
            lib.mergeDefinitions (location ++ [ "[definition entry ${toString n}]" ]) element [
              { inherit (d) file; value = builtins.elemAt d.value n; }
            ]
          ) (length d.value)
        ) definitions
      );
    getSubOptions = prefix: element.getSubOptions (prefix ++ [ "*" ]);
    nestedTypes.elemType = element;
    typeMerge = other: over element other.nestedTypes.elemType listOfType other name;
  };

  nullOrType = element: rec {
    _type = "option-type";
    name = "nullOr";
    description = "null or ${element.description}";
    check = x: x == null || element.check x;
    merge =
      location: definitions:
      let
        nulls = filter (d: d.value == null) definitions;
      in
      if nulls == [ ] then
        element.merge location definitions
      else if length nulls == length definitions then
        null
      else
        throw "The option `${showOption location}' is defined both null and not null, in ${
          lib.concatMapStringsSep " and " (d: "`${d.file}'") definitions
        }.";
    getSubOptions = element.getSubOptions;
    nestedTypes.elemType = element;
    typeMerge = other: over element other.nestedTypes.elemType nullOrType other name;
  };

  submoduleOf = { modules, specialArgs ? { } }: rec {
    _type = "option-type";
    name = "submodule";
    description = "submodule";
    check = x: isAttrs x || isFunction x || isPath x;
    empty = { };
    merge =
      location: definitions:
      (evaluated location (
        map (d: if isAttrs d.value then { _file = d.file; config = d.value; } else d.value) definitions
      )).config;
    evaluated =
      location: more:
      lib.evalModules {
        modules = [ { _module.args.name = lib.mkOptionDefault (last location); } ] ++ more ++ modules;
        inherit specialArgs;
        prefix = location;
      };
    getSubOptions = prefix: (evaluated (prefix ++ [ "<name>" ]) [ ]).options;
    nestedTypes = { };
    inherit modules;
    typeMerge =
      other: if other.name == name then submoduleOf { modules = other.modules ++ modules; inherit specialArgs; } else null;
  };

  eitherType = a: b: plain {
    name = "either";
    description = "${a.description} or ${b.description}";
    check = x: a.check x || b.check x;
    merge =
      location: definitions:
      if all (d: a.check d.value) definitions then
        a.merge location definitions
      else if all (d: b.check d.value) definitions then
        b.merge location definitions
      else
        one location definitions;
  };

  enumOf = values: plain {
    name = "enum";
    description = "one of ${lib.concatMapStringsSep ", " builtins.toJSON values}";
    check = x: elem x values;
  } // { typeMerge = other: if other.name == "enum" then enumOf (values ++ other.values) else null; inherit values; };

  text = isString;
in
rec {
  raw = plain { name = "raw"; description = "raw value"; merge = only; };
  unspecified = plain {
    name = "unspecified";
    description = "unspecified value";
    merge =
      location: definitions:
      let
        values = map (d: d.value) definitions;
      in
      if length values == 1 then
        head values
      else if all isList values then
        builtins.concatLists values
      else if all isAttrs values && !(builtins.any lib.isDerivation values) then
        builtins.foldl' (a: b: a // b) { } values
      else
        one location definitions;
  };
  anything = unspecified // { name = "anything"; };
  attrs = plain {
    name = "attrs";
    description = "attribute set";
    check = isAttrs;
    merge = _: builtins.foldl' (a: d: a // d.value) { };
  };

  bool = plain { name = "bool"; description = "boolean"; check = isBool; };
  int = plain { name = "int"; description = "signed integer"; check = isInt; };
  ints = {
    unsigned = between 0 9223372036854775807;
    positive = between 1 9223372036854775807;
    u16 = between 0 65535;
  };
  between = least: most: plain {
    name = "intBetween";
    description = "integer between ${toString least} and ${toString most} (both inclusive)";
    check = x: isInt x && x >= least && x <= most;
  };
  port = between 0 65535 // { description = "16 bit unsigned integer; between 0 and 65535 (both inclusive)"; };

  str = plain { name = "str"; description = "string"; check = text; };
  singleLineStr = plain {
    name = "singleLineStr";
    description = "(optionally newline-terminated) single-line string";
    check = x: text x && builtins.match "[^\n\r]*\n?" x != null;
  };
  nonEmptyStr = plain {
    name = "nonEmptyStr";
    description = "non-empty string";
    check = x: text x && builtins.match "[ \t\n]*" x == null;
  };
  strMatching = pattern: plain {
    name = "strMatching ${pattern}";
    description = "string matching the pattern ${pattern}";
    check = x: text x && builtins.match pattern x != null;
  };
  separatedString = between: plain {
    name = "separatedString";
    description = "strings concatenated with ${builtins.toJSON between}";
    check = text;
    merge = joined between;
  };
  lines = separatedString "\n";
  commas = separatedString ",";
  path = plain {
    name = "path";
    description = "absolute path";
    check = x: lib.isStringLike x && builtins.substring 0 1 (toString x) == "/";
  };
  package = plain {
    name = "package";
    description = "package";
    check = x: lib.isDerivation x || (lib.isStringLike x && lib.hasPrefix builtins.storeDir (toString x));
  };

  enum = enumOf;
  listOf = listOfType;
  nonEmptyListOf = element: listOf element // {
    description = "non-empty list of ${element.description}";
    check = x: isList x && x != [ ];
  };
  attrsOf = attrsOfType "attrsOf" false;
  lazyAttrsOf = attrsOfType "lazyAttrsOf" true;
  nullOr = nullOrType;
  either = eitherType;
  oneOf = types: builtins.foldl' either (head types) (builtins.tail types);
  uniq = element: element // { merge = only; };
  unique = _: uniq;
  addCheck = element: check: element // { check = x: element.check x && check x; };
  coercedTo = from: change: to: to // {
    description = "${to.description} or ${from.description} convertible to it";
    check = x: (from.check x && to.check (change x)) || to.check x;
    merge =
      location: definitions:
      to.merge location (map (d: if from.check d.value then d // { value = change d.value; } else d) definitions);
    typeMerge = _: null;
  };

  submodule = modules: submoduleOf { modules = if isList modules then modules else [ modules ]; };
  submoduleWith = submoduleOf;
  optionType = plain { name = "optionType"; check = x: (x._type or null) == "option-type"; };
}
