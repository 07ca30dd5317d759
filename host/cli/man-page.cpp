// `maitred man-page`: maitred(1), made from the commands themselves, so that it cannot lag behind.

#include "commands.h"
#include "version.h"

#include <boost/program_options/cmdline.hpp>

#include <iostream>
#include <sstream>

namespace maitred::host::cli {

namespace {

// Text as it is: nothing in it is a request or an escape.
std::string plain(const std::string& text) {
  std::string out;
  bool lineStart = true;
  for (char c : text) {
    if (lineStart && (c == '.' || c == '\'')) out += "\\&";
    lineStart = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

void writeOption(std::ostream& out, const po::option_description& option) {
  std::string shortName =
      option.canonical_display_name(po::command_line_style::allow_dash_for_short);
  out << ".TP\n\\fB";
  if (shortName.size() == 2) out << plain(shortName) << "\\fR, \\fB";
  out << plain("--" + option.long_name()) << "\\fR";
  auto parameter = option.format_parameter();
  if (!parameter.empty()) out << " \\fI" << plain(parameter) << "\\fR";
  out << "\n" << plain(option.description()) << "\n";
}

void writeLeaf(std::ostream& out, const Command& command, const std::string& path) {
  out << ".SS " << plain(path + (command.positional.empty() ? "" : " " + command.positional))
      << "\n"
      << plain(command.summary) << "\n";
  if (command.raw) {
    out << ".PP\n" << plain("See: " + path + " --help") << "\n";
    return;
  }
  auto options = optionsOf(command);
  for (const auto& option : options.options()) {
    if (!option->description().empty() && option->long_name() != "help") writeOption(out, *option);
  }
  auto notes = command.notes ? command.notes() : std::string();
  if (!notes.empty()) out << ".PP\n.nf\n" << plain(notes) << "\n.fi\n";
}

void writeCommands(std::ostream& out, const Command& command, const std::string& path) {
  for (const auto& child : command.commands) {
    if (child.hidden) continue;
    auto below = path + " " + child.name;
    if (child.commands.empty()) {
      writeLeaf(out, child, below);
    } else {
      writeCommands(out, child, below);
    }
  }
}

constexpr const char* afterCommands = R"(.SH COMMANDS OF PLUGINS
Plugins bring commands of their own, under the plugin's short name: \fBmaitred cook submit\fR.
\fBmaitred \-\-help\fR lists those of the plugins that are installed, \fBmaitred cook \-\-help\fR
explains them.
.SH EXIT STATUS
0 done; 1 refused or failed; 64 wrong use; 69 no host answers; 75 it did not answer in time.
\fBmaitred check\fR: 0 good; 1 warnings, with \fB\-\-strict\fR; 2 faults; 3 the file cannot be read.
.SH ENVIRONMENT
.TP
.B MAITRED_PLUGIN_PATH
folders, separated by colons, that are searched for plugins before those that ship
.SH FILES
.TP
.I /etc/maitred/maitred.yaml
the configuration of the service; \fBmaitred config\-docs host\fR is its reference
.TP
.I /var/lib/maitred
what the service must not lose; see \fBmaitred ctl store\fR
.TP
.I /usr/lib/maitred
plugins
.TP
.I /usr/share/maitred/lua\-policies
policies
)";

}  // namespace

Command manPageCommand(Command root) {
  Command command;
  command.name = "man-page";
  command.summary = "Prints maitred(1).";
  command.hidden = true;
  command.run = [root = std::move(root)](const po::variables_map&) {
    std::cout << ".TH MAITRED 1 \"\" \"maitred " << hostVersion() << "\" \"User Commands\"\n"
              << ".SH NAME\n"
              << plain("maitred - plugin host that seats batch work, services and notebooks")
              << "\n.SH SYNOPSIS\n.B maitred\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n"
              << ".SH DESCRIPTION\n"
              << "A small core process that loads plugins, wires them with capabilities and "
                 "watches over\nthem. It runs in the foreground; a systemd unit ships with it.\n"
              << ".SH COMMANDS\n";
    writeCommands(std::cout, root, root.name);
    std::cout << afterCommands;
    return Exit::ok;
  };
  return command;
}

}  // namespace maitred::host::cli
