package org.switchback.app.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Completion scripts for three shells, made of the same command model that parses the command line. */
final class Completion {
    /** Functions of PCI class 03, for a shell's command that takes a list of words. */
    private static final String LIST_GPUS =
            """
            for class in /sys/bus/pci/devices/*/class; do
                    read -r code <"$class" && [[ $code == 0x03* ]] && class=${class%/class} && echo "${class##*/}"
                done 2>/dev/null""";

    private final CommandSpec root;
    private final List<CommandSpec> commands;
    private final List<String> samples;

    /**
     * @param root    of the command model, with its texts
     * @param samples names of the sample machines
     */
    Completion(CommandSpec root, List<String> samples) {
        this.root = root;
        this.samples = samples;
        commands = root.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .filter(command -> !command.usageMessage().hidden())
                .toList();
    }

    /** What may stand in the place of an argument. */
    private enum Value {
        NOTHING,
        FILE,
        GPU,
        WORDS,
        /** Something that can't be guessed. */
        TEXT
    }

    private static Value value(ArgSpec argument) {
        if (argument.isOption() && argument.arity().max() == 0) {
            return Value.NOTHING;
        }
        String label = argument.paramLabel();
        return switch (label) {
            case "FILE" -> Value.FILE;
            case "GPU", "DEVICE" -> Value.GPU;
            case "NAME" -> Value.WORDS;
            default -> label.contains("|") ? Value.WORDS : Value.TEXT;
        };
    }

    private String words(ArgSpec argument) {
        return argument.paramLabel().equals("NAME")
                ? String.join(" ", samples)
                : argument.paramLabel().replace('|', ' ');
    }

    private static String description(CommandSpec command) {
        return sentence(command.usageMessage().description());
    }

    private static String description(ArgSpec argument) {
        return sentence(argument.description());
    }

    /** Menus want one line without a full stop. */
    private static String sentence(String... lines) {
        String text = String.join(" ", lines);
        return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    }

    private static List<OptionSpec> options(CommandSpec command) {
        return command.options().stream().filter(option -> !option.hidden()).toList();
    }

    private static String names(CommandSpec command) {
        return options(command).stream().flatMap(o -> Arrays.stream(o.names())).collect(Collectors.joining(" "));
    }

    /** Every option of any command, once. */
    private Stream<OptionSpec> allOptions() {
        return Stream.concat(Stream.of(root), commands.stream())
                .flatMap(command -> options(command).stream())
                .collect(Collectors.toMap(OptionSpec::longestName, o -> o, (one, same) -> one, TreeMap::new))
                .values()
                .stream();
    }

    String bash() {
        StringBuilder values = new StringBuilder();
        StringBuilder skipped = new StringBuilder();
        allOptions().filter(option -> value(option) != Value.NOTHING).forEach(option -> {
            values.append("        %s)%n            %s%n            return ;;%n"
                    .formatted(String.join(" | ", option.names()), bashReply(option)));
            skipped.append("            %s) ((i += %d)) ;;%n"
                    .formatted(String.join(" | ", option.names()), option.arity().max()));
        });
        StringBuilder names = new StringBuilder("            '') names='%s' ;;%n".formatted(names(root)));
        StringBuilder places = new StringBuilder();
        for (CommandSpec command : commands) {
            names.append("            %s) names='%s' ;;%n".formatted(command.name(), names(command)));
            for (int i = 0; i < command.positionalParameters().size(); i++) {
                ArgSpec argument = command.positionalParameters().get(i);
                if (value(argument) != Value.TEXT) {
                    places.append("        %s:%d) %s ;;%n".formatted(command.name(), i, bashReply(argument)));
                }
            }
        }
        return """
                # Made of switchback's own command model.
                _switchback_gpus() {
                    local class code
                    %s
                }

                _switchback() {
                    local cur prev words cword
                    _get_comp_words_by_ref -n =: cur prev words cword
                    local option=$prev command='' place=0 names='' i
                    if [[ $cur == --*=* ]]; then
                        option=${cur%%%%=*} cur=${cur#*=}
                    fi
                    case $option in
                %s    esac
                    for ((i = 1; i < cword; i++)); do
                        case ${words[i]} in
                %s            -*) ;;
                            *) if [[ -z $command ]]; then command=${words[i]}; else ((place += 1)); fi ;;
                        esac
                    done
                    if [[ $cur == -* ]]; then
                        case $command in
                %s        esac
                        COMPREPLY=($(compgen -W "$names" -- "$cur"))
                        return
                    fi
                    case $command:$place in
                        :0) COMPREPLY=($(compgen -W '%s' -- "$cur")) ;;
                %s    esac
                }
                complete -F _switchback switchback
                """
                .formatted(
                        LIST_GPUS,
                        values,
                        skipped,
                        names,
                        commands.stream().map(CommandSpec::name).collect(Collectors.joining(" ")),
                        places);
    }

    private String bashReply(ArgSpec argument) {
        return switch (value(argument)) {
            case FILE -> "_filedir";
            case GPU -> "COMPREPLY=($(compgen -W \"$(_switchback_gpus)\" -- \"$cur\")) && __ltrimcolon_completions \"$cur\"";
            case WORDS -> "COMPREPLY=($(compgen -W '" + words(argument) + "' -- \"$cur\"))";
            case TEXT, NOTHING -> ":";
        };
    }

    String zsh() {
        StringBuilder descriptions = new StringBuilder();
        StringBuilder cases = new StringBuilder();
        for (CommandSpec command : commands) {
            descriptions.append("        %s%n".formatted(quoted(command.name() + ":" + description(command))));
            List<String> arguments = new ArrayList<>(zshOptions(command));
            for (int i = 0; i < command.positionalParameters().size(); i++) {
                ArgSpec argument = command.positionalParameters().get(i);
                arguments.add(quoted((i + 1) + zshValue(argument)));
            }
            cases.append("                %s) _arguments %s ;;%n".formatted(command.name(), String.join(" ", arguments)));
        }
        return """
                #compdef switchback
                # Made of switchback's own command model.
                _switchback_gpus() {
                    local class code
                    compadd -- $(%s)
                }

                _switchback() {
                    local context state state_descr line
                    typeset -A opt_args
                    local -a commands=(
                %s    )
                    _arguments -C %s '1: :->command' '*:: :->arguments' && return
                    case $state in
                        command) _describe command commands ;;
                        arguments)
                            case $line[1] in
                %s            esac ;;
                    esac
                }

                _switchback "$@"
                """
                .formatted(LIST_GPUS, descriptions, String.join(" ", zshOptions(root)), cases);
    }

    private List<String> zshOptions(CommandSpec command) {
        return options(command).stream()
                .flatMap(option -> Arrays.stream(option.names()).map(name -> {
                    String value = value(option) == Value.NOTHING
                            ? ""
                            : zshValue(option).repeat(Math.max(1, option.arity().max()));
                    String equals = value.isEmpty() || option.arity().max() > 1 ? "" : "=";
                    return quoted((option.isMultiValue() && option.arity().max() == 1 ? "*" : "") + name + equals + "[" + description(option).replace("]", "\\]") + "]" + value);
                }))
                .toList();
    }

    private String zshValue(ArgSpec argument) {
        String label = argument.paramLabel().replace('|', ' ');
        return switch (value(argument)) {
            case FILE -> ":" + label + ":_files";
            case GPU -> ":" + label + ":_switchback_gpus";
            case WORDS -> ":" + label + ":(" + words(argument) + ")";
            case TEXT, NOTHING -> ":" + label + ": ";
        };
    }

    String fish() {
        StringBuilder lines = new StringBuilder();
        for (CommandSpec command : commands) {
            lines.append("complete -c switchback -n __fish_use_subcommand -a %s -d %s%n"
                    .formatted(command.name(), quoted(description(command))));
        }
        options(root).forEach(option -> lines.append(fishOption("__fish_use_subcommand", option)));
        for (CommandSpec command : commands) {
            String seen = "__fish_seen_subcommand_from " + command.name();
            options(command).forEach(option -> lines.append(fishOption(seen, option)));
            String before = "";
            for (ArgSpec argument : command.positionalParameters()) {
                Value value = value(argument);
                String condition = before.isEmpty() ? seen : seen + "; and __fish_seen_subcommand_from " + before;
                if (value == Value.WORDS) {
                    before = words(argument);
                    condition += "; and not __fish_seen_subcommand_from " + before;
                }
                if (value != Value.TEXT) {
                    lines.append("complete -c switchback -n %s%s%n".formatted(quoted(condition), fishValue(argument)));
                }
            }
        }
        return """
                # Made of switchback's own command model.
                function __switchback_gpus
                    for class in /sys/bus/pci/devices/*/class
                        string match -q '0x03*' <$class; and basename (dirname $class)
                    end
                end

                complete -c switchback -f
                """
                + lines;
    }

    private String fishOption(String condition, OptionSpec option) {
        String names = Arrays.stream(option.names())
                .map(name -> name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1))
                .collect(Collectors.joining());
        return "complete -c switchback -n %s%s%s -d %s%n"
                .formatted(quoted(condition), names, fishValue(option), quoted(description(option)));
    }

    private String fishValue(ArgSpec argument) {
        String option = argument.isOption() ? " -r" : "";
        return switch (value(argument)) {
            case NOTHING -> "";
            case FILE -> option + " -F";
            case GPU -> option + " -f -a '(__switchback_gpus)'";
            case WORDS -> option + " -f -a " + quoted(words(argument));
            case TEXT -> option + " -f";
        };
    }

    /** In single quotes, for each of the three. */
    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
