# A small module system with the outside of nixpkgs' lib.evalModules.
#
# Declarations and definitions of every module are laid side by side, one attribute name at a time, until an option is
# reached; its definitions are then unwrapped (mkIf, mkMerge), the strongest priority is kept, and the type merges what is left.
{ lib }:
let
  inherit (builtins) attrNames concatMap filter head isAttrs isFunction isList isPath isString length;
  inherit (lib) isOption isType last showOption;

  # ---- modules -> flat list of { key, file, options, config, imports }

  shorthand = [ "_class" "_file" "disabledModules" "imports" "key" ];

  shaped =
    { file, key }: body:
    let
      spelled = body ? config || body ? options;
      bare = removeAttrs body shorthand;
    in
    if body ? _type then
      { inherit file key; imports = [ ]; options = { }; config = body; }
    else
      {
        file = toString (body._file or file);
        key = toString (body.key or key);
        imports = body.imports or [ ];
        options = if spelled then body.options or { } else { };
        config = if spelled then body.config or { } else bare;
      };

  loaded =
    arguments: at: module:
    if isPath module || isString module || (isAttrs module && module ? outPath && !(module ? _type)) then
      loaded arguments { file = toString module; key = toString module; } (import module)
    else if isFunction module then
      shaped at (module (called arguments module))
    else if isAttrs module then
      shaped at module
    else
      throw "A module is a set, a function or a path, but in `${at.file}' there is a ${builtins.typeOf module}.";

  # Only what a function asks for by name is looked up, so that `config` can stay lazy.
  called =
    arguments: function:
    arguments.special
    // builtins.mapAttrs (
      name: _: arguments.special.${name} or arguments.extra.${name}
    ) (builtins.functionArgs function);

  # The last module's definitions come first, as in nixpkgs: a host's list items stand before those of the base modules.
  gathered =
    arguments: modules:
    let
      reversed = xs: builtins.genList (n: builtins.elemAt xs (length xs - 1 - n)) (length xs);
      items =
        at: children:
        builtins.genList (
          n:
          let
            place = { file = at.file; key = "${at.key}:anonymous-${toString n}"; };
            module = loaded arguments place (builtins.elemAt children n);
          in
          { inherit (module) key; inherit module; }
        ) (length children);
    in
    reversed (map (item: item.module) (
      builtins.genericClosure {
        startSet = items { file = "<unknown-file>"; key = ""; } modules;
        operator = item: items { inherit (item.module) file key; } item.module.imports;
      }
    ));

  # ---- definitions

  # A definition of a set of options may hide behind mkIf, mkMerge or mkOverride: move these to its members.
  pushed =
    value:
    if isType "merge" value then
      concatMap pushed value.contents
    else if isType "if" value then
      map (builtins.mapAttrs (_: lib.mkIf value.condition)) (pushed value.content)
    else if isType "override" value then
      map (builtins.mapAttrs (_: lib.mkOverride value.priority)) (pushed value.content)
    else
      [ value ];

  unwrapped =
    definition:
    let
      again = value: unwrapped (definition // { inherit value; });
    in
    if isType "merge" definition.value then
      concatMap again definition.value.contents
    else if isType "if" definition.value then
      if definition.value.condition then again definition.value.content else [ ]
    else
      [ definition ];

  ranked =
    definition:
    if isType "override" definition.value then
      definition // { inherit (definition.value) priority; value = definition.value.content; }
    else
      { priority = lib.defaultOverridePriority; } // definition;

  ordered =
    definition:
    if isType "order" definition.value then
      definition // { order = definition.value.priority; value = definition.value.content; }
    else
      { order = lib.defaultOrderPriority; } // definition;

  strongest =
    definitions:
    let
      all = map ranked (concatMap unwrapped definitions);
      best = builtins.foldl' (least: d: if d.priority < least then d.priority else least) 9999 all;
      kept = map ordered (concatMap unwrapped (filter (d: d.priority == best) all));
    in
    { inherit best; kept = builtins.sort (a: b: a.order < b.order) kept; };

  shown =
    definitions:
    lib.concatMapStrings (
      d:
      let
        value = builtins.tryEval (
          if isAttrs d.value || isList d.value || isFunction d.value then "<${builtins.typeOf d.value}>" else builtins.toJSON d.value
        );
      in
      "\n- In `${d.file}': ${if value.success then value.value else "<error>"}"
    ) definitions;

  merged =
    location: type: definitions:
    let
      inherit (strongest definitions) best kept;
      wrong = filter (d: !(type.check d.value)) kept;
    in
    {
      inherit best kept;
      isDefined = kept != [ ];
      value =
        if kept == [ ] then
          type.empty or (throw "The option `${showOption location}' was accessed but has no value defined. Try setting the option.")
        else if wrong != [ ] then
          throw "A definition for option `${showOption location}' is not of type `${type.description}'. Definition values:${shown wrong}"
        else
          type.merge location kept;
    };

  # ---- options

  typeOf =
    location: declaration:
    let
      type = declaration.option.type or lib.types.unspecified;
    in
    if type ? simple then lib.types.${type.simple} else type;

  option =
    location: declarations: definitions:
    let
      types = map (typeOf location) (filter (d: d.option ? type) declarations);
      type =
        if types == [ ] then
          lib.types.unspecified
        else
          builtins.foldl' (
            a: b:
            let
              both = a.typeMerge b;
            in
            if both == null then
              throw "The option `${showOption location}' in `${(last declarations).file}' is already declared in `${(head declarations).file}'."
            else
              both
          ) (head types) (builtins.tail types);
      all = builtins.foldl' (a: d: a // d.option) { } declarations;
      defaults = lib.optional (all ? default) {
        file = (head declarations).file;
        value = lib.mkOptionDefault all.default;
      };
      result = merged location type (defaults ++ definitions);
    in
    if all.readOnly or false && length (filter (d: d.priority < 1500) result.kept) > 1 then
      throw "The option `${showOption location}' is read-only, but it's set multiple times. Definition values:${shown result.kept}"
    else
      all
      // {
        _type = "option";
        loc = location;
        inherit type;
        inherit (result) isDefined;
        highestPrio = result.best;
        files = map (d: d.file) result.kept;
        definitions = map (d: d.value) result.kept;
        value = (all.apply or lib.id) result.value;
        __toString = _: showOption location;
      };

  # { values, options, strays }: what one level of the tree holds, and the definitions that no declaration asked for.
  level =
    location: declared: defined:
    let
      names = attrNames (builtins.foldl' (a: d: a // d.options) { } declared);
      sets = concatMap (d: map (value: { inherit (d) file; inherit value; }) (pushed d.value)) defined;
      at =
        name:
        let
          here = location ++ [ name ];
          declarations = concatMap (
            d: lib.optional (d.options ? ${name}) { inherit (d) file; option = d.options.${name}; }
          ) declared;
          definitions = concatMap (
            d: lib.optional (d.value ? ${name}) { inherit (d) file; value = d.value.${name}; }
          ) sets;
          leaf = option here declarations definitions;
        in
        if builtins.any (d: isOption d.option) declarations then
          { value = leaf.value; option = leaf; strays = [ ]; }
        else
          let
            below = level here (map (d: { inherit (d) file; options = d.option; }) declarations) definitions;
          in
          { value = below.values; option = below.options; inherit (below) strays; };
      results = lib.genAttrs names at;
      known = lib.genAttrs names (_: true);
    in
    {
      values = builtins.mapAttrs (_: r: r.value) results;
      options = builtins.mapAttrs (_: r: r.option) results;
      strays =
        concatMap (
          d:
          if !isAttrs d.value then
            throw "The option `${showOption location}' is a set of options, but `${d.file}' defines it as a ${builtins.typeOf d.value}."
          else
            map (name: {
              inherit (d) file;
              location = location ++ [ name ];
              value = d.value.${name};
            }) (filter (name: !(known ? ${name})) (attrNames d.value))
        ) sets
        ++ concatMap (r: r.strays) (builtins.attrValues results);
    };

  evalModules =
    call@{ modules, specialArgs ? { }, prefix ? [ ], class ? null }:
    let
      special = { inherit lib; inherit (self) options; inherit config extendModules specialArgs; } // specialArgs;
      own = {
        _file = "lib/modules.nix";
        key = "lib/modules.nix";
        options._module = {
          args = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; default = { }; internal = true; };
          check = lib.mkOption { type = lib.types.bool; default = true; internal = true; };
        };
      };
      all = gathered { inherit special; extra = self.values._module.args; } ([ own ] ++ modules);
      self = level prefix (map (m: { inherit (m) file options; }) all) (
        map (m: { inherit (m) file; value = m.config; }) all
      );
      stray = head self.strays;
      checked = values:
        if self.values._module.check && self.strays != [ ] then
          throw "The option `${showOption stray.location}' does not exist. Definition values:${shown (concatMap unwrapped [ stray ])}"
        else
          values;
      config = checked (removeAttrs self.values [ "_module" ]);
      extendModules =
        { modules ? [ ], specialArgs ? { }, prefix ? call.prefix or [ ] }:
        evalModules (
          call
          // {
            modules = call.modules ++ modules;
            specialArgs = call.specialArgs or { } // specialArgs;
            inherit prefix;
          }
        );
    in
    {
      _type = "configuration";
      inherit config extendModules class;
      inherit (self.values) _module;
      options = checked self.options;
      type = lib.types.submoduleWith { modules = call.modules; specialArgs = call.specialArgs or { }; };
    };

  renamed =
    { from, to, visible }:
    { config, options, ... }:
    {
      options = lib.setAttrByPath from (
        lib.mkOption {
          inherit visible;
          description = "Alias of {option}`${showOption to}`.";
          apply = _: lib.attrByPath to null config;
        }
      );
      config = lib.setAttrByPath to (
        lib.mkIf (lib.attrByPath from null options).isDefined (
          lib.mkMerge (lib.attrByPath from null options).definitions
        )
      );
    };
in
{
  inherit evalModules;

  mergeDefinitions = merged;

  setAttrByPath =
    path: value:
    if path == [ ] then value else { ${head path} = lib.setAttrByPath (builtins.tail path) value; };

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && set ? ${head path} then
      lib.attrByPath (builtins.tail path) default set.${head path}
    else
      default;

  mkRenamedOptionModule = from: to: renamed { inherit from to; visible = false; };

  # The option stays declared, so that `options ? it` is true; a value is an error.
  mkRemovedOptionModule =
    path: instead:
    { options, ... }:
    {
      options = lib.setAttrByPath path (
        lib.mkOption {
          visible = false;
          apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${instead}";
        }
      );
      config.assertions =
        let
          opt = lib.attrByPath path null options;
        in
        [
          {
            assertion = !opt.isDefined;
            message = "The option definition `${showOption path}' in ${lib.concatMapStringsSep ", " (f: "`${f}'") opt.files} no longer has any effect; please remove it. ${instead}";
          }
        ];
    };
}
