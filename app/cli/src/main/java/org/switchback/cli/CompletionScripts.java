package org.switchback.cli;

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

/** Generates completion scripts for three shells from the picocli model that also parses the command line. */
final class CompletionScripts {
    /** Bash and zsh: prints the addresses of all functions of PCI class 03, one a line. */
    private static final String LIST_GPUS_SCRIPT = """
            for class in /sys/bus/pci/devices/*/class; do
                    read -r code <"$class" && [[ $code == 0x03* ]] && class=${class%/class} && echo "${class##*/}"
                done 2>/dev/null""";

    private final CommandSpec root;
    private final List<CommandSpec> commands;
    private final List<String> samples;

    /**
     * @param root root of the command model, with its descriptions
     * @param samples names of the sample machines
     */
    CompletionScripts(CommandSpec root, List<String> samples) {
        this.root = root;
        this.samples = samples;
        commands = root.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .filter(command -> !command.usageMessage().hidden())
                .toList();
    }

    /** The possible values of an argument. */
    private enum ArgumentKind {
        NONE,
        FILE,
        GPU,
        CHOICE,
        /** Any text; it cannot be completed. */
        FREE_TEXT
    }

    private static ArgumentKind argumentKind(ArgSpec argument) {
        if (argument.isOption() && argument.arity().max() == 0) {
            return ArgumentKind.NONE;
        }
        String label = argument.paramLabel();
        return switch (label) {
            case "FILE" -> ArgumentKind.FILE;
            case "GPU", "DEVICE" -> ArgumentKind.GPU;
            case "NAME" -> ArgumentKind.CHOICE;
            default -> label.contains("|") ? ArgumentKind.CHOICE : ArgumentKind.FREE_TEXT;
        };
    }

    private String choices(ArgSpec argument) {
        return argument.paramLabel().equals("NAME")
                ? String.join(" ", samples)
                : argument.paramLabel().replace('|', ' ');
    }

    private static String description(CommandSpec command) {
        return joinDescription(command.usageMessage().description());
    }

    private static String description(ArgSpec argument) {
        return joinDescription(argument.description());
    }

    /** Joins the lines of a description; completion menus show one line without a full stop. */
    private static String joinDescription(String... lines) {
        String text = String.join(" ", lines);
        return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    }

    private static List<OptionSpec> visibleOptions(CommandSpec command) {
        return command.options().stream().filter(option -> !option.hidden()).toList();
    }

    private static String optionNames(CommandSpec command) {
        return visibleOptions(command).stream()
                .flatMap(option -> Arrays.stream(option.names()))
                .collect(Collectors.joining(" "));
    }

    /** Every option of any command, once. */
    private Stream<OptionSpec> allOptions() {
        return Stream.concat(Stream.of(root), commands.stream())
                .flatMap(command -> visibleOptions(command).stream())
                .collect(Collectors.toMap(
                        OptionSpec::longestName, option -> option, (first, second) -> first, TreeMap::new))
                .values()
                .stream();
    }

    String formatBash() {
        StringBuilder values = new StringBuilder();
        StringBuilder skipped = new StringBuilder();
        allOptions().filter(option -> argumentKind(option) != ArgumentKind.NONE).forEach(option -> {
            values.append("        %s)%n            %s%n            return ;;%n"
                    .formatted(String.join(" | ", option.names()), formatBashReply(option)));
            skipped.append("            %s) ((i += %d)) ;;%n"
                    .formatted(
                            String.join(" | ", option.names()), option.arity().max()));
        });
        StringBuilder names = new StringBuilder("            '') names='%s' ;;%n".formatted(optionNames(root)));
        StringBuilder places = new StringBuilder();
        for (CommandSpec command : commands) {
            names.append("            %s) names='%s' ;;%n".formatted(command.name(), optionNames(command)));
            for (int i = 0; i < command.positionalParameters().size(); i++) {
                ArgSpec argument = command.positionalParameters().get(i);
                if (argumentKind(argument) != ArgumentKind.FREE_TEXT) {
                    places.append("        %s:%d) %s ;;%n".formatted(command.name(), i, formatBashReply(argument)));
                }
            }
        }
        return """
                # Generated from switchback's command model.
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
                """.formatted(
                        LIST_GPUS_SCRIPT,
                        values,
                        skipped,
                        names,
                        commands.stream().map(CommandSpec::name).collect(Collectors.joining(" ")),
                        places);
    }

    private String formatBashReply(ArgSpec argument) {
        return switch (argumentKind(argument)) {
            case FILE -> "_filedir";
            case GPU ->
                "COMPREPLY=($(compgen -W \"$(_switchback_gpus)\" -- \"$cur\")) && __ltrimcolon_completions \"$cur\"";
            case CHOICE -> "COMPREPLY=($(compgen -W '" + choices(argument) + "' -- \"$cur\"))";
            case FREE_TEXT, NONE -> ":";
        };
    }

    String formatZsh() {
        StringBuilder descriptions = new StringBuilder();
        StringBuilder cases = new StringBuilder();
        for (CommandSpec command : commands) {
            descriptions.append("        %s%n".formatted(quote(command.name() + ":" + description(command))));
            List<String> arguments = new ArrayList<>(formatZshOptions(command));
            for (int i = 0; i < command.positionalParameters().size(); i++) {
                ArgSpec argument = command.positionalParameters().get(i);
                arguments.add(quote((i + 1) + formatZshArgument(argument)));
            }
            cases.append(
                    "                %s) _arguments %s ;;%n".formatted(command.name(), String.join(" ", arguments)));
        }
        return """
                #compdef switchback
                # Generated from switchback's command model.
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
                """.formatted(LIST_GPUS_SCRIPT, descriptions, String.join(" ", formatZshOptions(root)), cases);
    }

    private List<String> formatZshOptions(CommandSpec command) {
        return visibleOptions(command).stream()
                .flatMap(option -> Arrays.stream(option.names()).map(name -> {
                    String value = argumentKind(option) == ArgumentKind.NONE
                            ? ""
                            : formatZshArgument(option)
                                    .repeat(Math.max(1, option.arity().max()));
                    String equals = value.isEmpty() || option.arity().max() > 1 ? "" : "=";
                    return quote((option.isMultiValue() && option.arity().max() == 1 ? "*" : "") + name + equals + "["
                            + description(option).replace("]", "\\]") + "]" + value);
                }))
                .toList();
    }

    private String formatZshArgument(ArgSpec argument) {
        String label = argument.paramLabel().replace('|', ' ');
        return switch (argumentKind(argument)) {
            case FILE -> ":" + label + ":_files";
            case GPU -> ":" + label + ":_switchback_gpus";
            case CHOICE -> ":" + label + ":(" + choices(argument) + ")";
            case FREE_TEXT, NONE -> ":" + label + ": ";
        };
    }

    String formatFish() {
        StringBuilder lines = new StringBuilder();
        for (CommandSpec command : commands) {
            lines.append("complete -c switchback -n __fish_use_subcommand -a %s -d %s%n"
                    .formatted(command.name(), quote(description(command))));
        }
        visibleOptions(root).forEach(option -> lines.append(formatFishOption("__fish_use_subcommand", option)));
        for (CommandSpec command : commands) {
            String seen = "__fish_seen_subcommand_from " + command.name();
            visibleOptions(command).forEach(option -> lines.append(formatFishOption(seen, option)));
            String before = "";
            for (ArgSpec argument : command.positionalParameters()) {
                ArgumentKind value = argumentKind(argument);
                String condition = before.isEmpty() ? seen : seen + "; and __fish_seen_subcommand_from " + before;
                if (value == ArgumentKind.CHOICE) {
                    before = choices(argument);
                    condition += "; and not __fish_seen_subcommand_from " + before;
                }
                if (value != ArgumentKind.FREE_TEXT) {
                    lines.append("complete -c switchback -n %s%s%n"
                            .formatted(quote(condition), formatFishArgument(argument)));
                }
            }
        }
        return """
                # Generated from switchback's command model.
                function __switchback_gpus
                    for class in /sys/bus/pci/devices/*/class
                        string match -q '0x03*' <$class; and basename (dirname $class)
                    end
                end

                complete -c switchback -f
                """ + lines;
    }

    private String formatFishOption(String condition, OptionSpec option) {
        String names = Arrays.stream(option.names())
                .map(name -> name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1))
                .collect(Collectors.joining());
        return "complete -c switchback -n %s%s%s -d %s%n"
                .formatted(quote(condition), names, formatFishArgument(option), quote(description(option)));
    }

    private String formatFishArgument(ArgSpec argument) {
        String option = argument.isOption() ? " -r" : "";
        return switch (argumentKind(argument)) {
            case NONE -> "";
            case FILE -> option + " -F";
            case GPU -> option + " -f -a '(__switchback_gpus)'";
            case CHOICE -> option + " -f -a " + quote(choices(argument));
            case FREE_TEXT -> option + " -f";
        };
    }

    /** Quotes a text with single quotes, valid in all three shells. */
    private static String quote(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
