@0xb1a6d2c0f47e5590;
# Configs of imaginary plugins, with one field for every thing that the reader can read.

using Config = import "/maitred/schema/config.capnp";
using Absent = import "/maitred/schema/absent.capnp";

struct Kitchen {
  store @0 :Text = "sqlite:kitchen.db" $Config.storeUrl;
  # Where orders are kept.

  chefs @1 :UInt8 = 3 $Config.range((min = 1, max = 40));
  # Cooks at work at the same time.

  oven @2 :Oven;
  # The oven.

  memory @3 :UInt64 = 1073741824 $Config.unit(bytes);
  # Room for pots.

  patience @4 :UInt32 = 1500 $Config.unit(milliseconds);
  # How long a guest waits.

  power @5 :UInt32 = 1000 $Config.unit(cpuMillis) $Config.range((min = 1, max = 256000));
  # Cpus for the kitchen.

  tip @6 :Float64 = 0.1 $Config.range((min = 0, max = 1));
  # Share of the bill.

  offset @7 :Int16;
  # Degrees of correction.

  open @8 :Bool = true;
  # Whether guests are let in.

  runAs @9 :RunAs;
  # Whose account cooks.

  tables @10 :List(Table) $Config.mapKey("name");
  # Tables of the house.

  labels @11 :List(Label) $Config.mapKey("key");
  # Words on the door.

  guests @12 :List(Text) $Config.oneOrMany;
  # Who is expected.

  dishes @13 :List(Text) $Config.nonEmpty;
  # What is on the menu; at least one.

  seal @14 :Data;
  # The house's seal.

  password @15 :Text $Config.secret;
  # For the safe.

  key @16 :Text $Config.secretPath;
  # File with the key of the door.

  recipe @17 :Text $Config.path(policy);
  # The Lua policy that cooks.

  scratch @18 :Text = "scratch" $Config.path(state);
  # Folder for leftovers.

  menu @19 :Text $Config.path(config) $Config.pattern(".*\\.txt") $Config.example("menu.txt");
  # The printed menu.

  oldName @20 :Text $Config.deprecated("write `guests`");
  # Formerly the guests.

  matrix @21 :List(List(Int32));
  # Numbers in rows.

  cashier @22 :Text $Config.pattern("[a-z]+") $Config.example("ana");
  # Who takes the money.

  faulty @23 :Text $Config.pattern("[a-");
  # Its pattern is no regular expression.
}

struct Oven $Absent.absent([
    (keys = ["gas_mark", "heat_limit"], why = "write `heat`, in degrees"),
    (keys = ["turntable"], why = "has no meaning here: nothing turns") ]) {
  heat @0 :Float32 = 180 $Config.range((min = 50, max = 300));
  # Degrees.
  mode @1 :Mode = fan;
  # How it heats.
  fuel :union {
    unspecified @2 :Void;
    gas @3 :Void;
    wood @4 :Text;
  }
  # What it burns.
  enum Mode { unspecified @0; fan @1; topAndBottom @2; }
}

struct RunAs {
  union {
    submitter @0 :Void;
    # Who ordered.
    fixed @1 :Text;
    # Always this account.
    shift @2 :Shift;
    # By the clock.
  }
  struct Shift { day @0 :Text $Config.required; night @1 :Text; }
}

struct Table { name @0 :Text; seats @1 :UInt16 = 4 $Config.required; window @2 :Bool; }
struct Label { key @0 :Text; value @1 :Text; }

struct Cellar {
  wines @0 :UInt32 = 12;
  # Bottles.
  vault @1 :Text $Config.secret $Config.required;
  # The number of the vault.
}
