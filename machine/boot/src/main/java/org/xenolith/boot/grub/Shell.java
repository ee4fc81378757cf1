package org.xenolith.boot.grub;

import org.xenolith.filesystem.FileSystem;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Follows a configuration: variables, conditions, the menu, and what an entry loads. Commands that
/// only change what is shown do nothing, and so do those that would write.
final class Shell {
    static final int STEPS_MAX = 100_000;
    static final int TEXT_CHARACTERS_MAX = 1 << 20;
    static final int VALUE_CHARACTERS_MAX = 16 << 10;
    static final int VARIABLES_MAX = 1024;
    static final int FUNCTIONS_MAX = 1024;
    static final int ITEMS_MAX = 1000;
    static final int WORDS_MAX = 1000;
    static final int CALLS_MAX = 16;

    private static final Set<String> WITHOUT_EFFECT =
            Set.of(
                    "insmod",
                    "export",
                    "save_env",
                    "echo",
                    "terminal_input",
                    "terminal_output",
                    "terminal",
                    "serial",
                    "background_image",
                    "background_color",
                    "play",
                    "true",
                    "clear",
                    "cls",
                    "keymap",
                    "rmmod",
                    "sleep",
                    "setparams",
                    ":");

    /// A one-time choice would have to be removed from the disk, or it were one for ever.
    private static final String ONE_TIME = "next_entry";

    private final Volumes volumes;
    private final Map<String, String> variables = new HashMap<>();
    private final Map<String, List<Statement>> functions = new HashMap<>();
    private List<Menu.Item> items = new ArrayList<>();
    private List<String> arguments = List.of();
    private int steps;
    private int calls;
    private boolean succeeded = true;

    private Optional<BootChoice.Place> kernel = Optional.empty();
    private String kernelArguments = "";
    private List<BootChoice.Place> ramdisks = List.of();

    /// `device` is where the configuration was found, in the directory `directory`.
    Shell(Volumes volumes, String device, String directory) {
        this.volumes = volumes;
        variables.put("root", device);
        variables.put("prefix", "(" + device + ")" + directory);
        variables.put("grub_platform", "pc");
        variables.put("grub_cpu", "i386");
        for (var feature : List.of("menuentry_id", "timeout_style", "default_font_path")) {
            variables.put("feature_" + feature, "y");
        }
    }

    String variable(String name) {
        return variables.getOrDefault(name, "");
    }

    /// Runs statements and returns the menu that they make.
    Menu menu(List<Statement> statements) throws GrubException {
        items = new ArrayList<>();
        run(statements);
        return new Menu(items);
    }

    /// Runs an entry of a menu and returns what it would start.
    BootChoice choose(Menu.Item item) throws GrubException {
        kernel = Optional.empty();
        ramdisks = List.of();
        set("chosen", item.title());
        call(item.body(), item.arguments());
        if (kernel.isEmpty()) {
            throw new GrubException("the entry \"" + item.title() + "\" loads no Linux kernel");
        }
        return new BootChoice(item.title(), kernel.get(), kernelArguments, ramdisks);
    }

    /// Opens an entry that is a menu of its own.
    Menu open(Menu.Item submenu) throws GrubException {
        items = new ArrayList<>();
        call(submenu.body(), submenu.arguments());
        return new Menu(items);
    }

    // ---------------------------------------------------------------- statements

    private void run(List<Statement> statements) throws GrubException {
        for (var statement : statements) {
            if (++steps > STEPS_MAX) {
                throw new GrubException("it takes more than " + STEPS_MAX + " steps");
            }
            switch (statement) {
                case Statement.Command(var words) -> command(words);
                case Statement.If branching -> branch(branching);
                case Statement.For(var name, var values, var body) -> {
                    for (var value : expand(values)) {
                        set(name, value);
                        run(body);
                    }
                }
                case Statement.Entry entry -> addItem(entry);
                case Statement.Function(var name, var body) -> {
                    require(functions.size() < FUNCTIONS_MAX, "functions", FUNCTIONS_MAX);
                    functions.put(name, body);
                }
            }
        }
    }

    private static void require(boolean few, String what, int max) throws GrubException {
        if (!few) {
            throw new GrubException("there are more than " + max + " " + what);
        }
    }

    private void branch(Statement.If branching) throws GrubException {
        for (var branch : branching.branches()) {
            run(branch.condition());
            if (succeeded) {
                run(branch.body());
                return;
            }
        }
        run(branching.otherwise());
    }

    private void call(List<Statement> body, List<String> values) throws GrubException {
        if (++calls > CALLS_MAX) {
            throw new GrubException("functions call each other more than " + CALLS_MAX + " deep");
        }
        var before = arguments;
        arguments = values;
        try {
            run(body);
        } finally {
            arguments = before;
            calls--;
        }
    }

    /// Options of an entry that have a value are skipped with it; the first word that is none is
    /// the title, the others are arguments.
    private void addItem(Statement.Entry entry) throws GrubException {
        require(items.size() < ITEMS_MAX, "menu entries", ITEMS_MAX);
        var words = new ArrayList<String>();
        var id = "";
        var given = expand(entry.words());
        for (int i = 0; i < given.size(); i++) {
            var word = given.get(i);
            if (word.startsWith("--id=")) {
                id = word.substring("--id=".length());
            } else if (Set.of("--id", "--class", "--users", "--hotkey", "--source")
                    .contains(word)) {
                i++;
                id = word.equals("--id") && i < given.size() ? given.get(i) : id;
            } else if (!word.startsWith("--")) {
                words.add(word);
            }
        }
        if (words.isEmpty()) {
            throw new GrubException("a menu entry has no title");
        }
        var title = words.removeFirst();
        items.add(new Menu.Item(title, id, entry.submenu(), words, entry.body()));
    }

    // ---------------------------------------------------------------- commands

    private void command(List<Word> words) throws GrubException {
        var expanded = expand(words);
        if (expanded.isEmpty()) {
            return;
        }
        if (isAssignment(expanded.getFirst()) && expanded.size() == 1) {
            assign(expanded.getFirst());
            succeeded = true;
            return;
        }
        perform(expanded);
    }

    private void perform(List<String> words) throws GrubException {
        var name = words.getFirst();
        var rest = words.subList(1, words.size());
        if (name.equals("!") && !rest.isEmpty()) {
            perform(rest);
            succeeded = !succeeded;
            return;
        }
        var function = functions.get(name);
        if (function != null) {
            call(function, rest);
            return;
        }
        succeeded =
                switch (name) {
                    case "set" -> setAll(rest);
                    case "unset" -> rest.stream().allMatch(this::unset);
                    case "[" -> Condition.holds(untilBracket(rest), this::find);
                    case "test" -> Condition.holds(rest, this::find);
                    case "load_env" -> loadEnvironment(rest);
                    case "search", "search.fs_uuid", "search.fs_label", "search.file" ->
                            search(name, rest);
                    case "source", ".", "configfile" -> include(rest);
                    case "linux", "linux16", "linuxefi" -> loadKernel(rest);
                    case "initrd", "initrd16", "initrdefi" -> loadRamdisks(rest);
                    default -> WITHOUT_EFFECT.contains(name);
                };
    }

    private static boolean isAssignment(String word) {
        return word.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*");
    }

    private void assign(String word) throws GrubException {
        int equals = word.indexOf('=');
        set(word.substring(0, equals), word.substring(equals + 1));
    }

    private void set(String name, String value) throws GrubException {
        require(
                variables.containsKey(name) || variables.size() < VARIABLES_MAX,
                "variables",
                VARIABLES_MAX);
        variables.put(name, value);
    }

    private boolean setAll(List<String> words) throws GrubException {
        for (var word : words) {
            if (isAssignment(word)) {
                assign(word);
            }
        }
        return true;
    }

    private boolean unset(String name) {
        variables.remove(name);
        return true;
    }

    private static List<String> untilBracket(List<String> words) {
        return !words.isEmpty() && words.getLast().equals("]")
                ? words.subList(0, words.size() - 1)
                : words;
    }

    private Optional<FileSystem.Entry> find(String name) {
        try {
            return volumes.find(place(name));
        } catch (GrubException _) {
            return Optional.empty(); // not a path
        }
    }

    private BootChoice.Place place(String name) throws GrubException {
        return Volumes.place(name, variable("root"));
    }

    private boolean loadEnvironment(List<String> words) throws GrubException {
        int option = words.indexOf("-f");
        int option2 = words.indexOf("--file");
        int at = Math.max(option, option2);
        boolean named = at >= 0 && at + 1 < words.size();
        var file = named ? words.get(at + 1) : variable("prefix") + "/grubenv";
        var wanted = new ArrayList<>(words);
        if (named) {
            wanted.subList(at, at + 2).clear();
        }
        wanted.removeIf(word -> word.startsWith("-"));
        var content = volumes.read(place(file), EnvironmentBlock.BYTES_MAX);
        if (content.isEmpty()) {
            return false;
        }
        for (var entry : EnvironmentBlock.parse(content.get()).entrySet()) {
            boolean taken = wanted.isEmpty() || wanted.contains(entry.getKey());
            if (taken && !entry.getKey().equals(ONE_TIME)) {
                set(entry.getKey(), bounded(entry.getValue()));
            }
        }
        return true;
    }

    private boolean search(String command, List<String> words) throws GrubException {
        var how =
                switch (command) {
                    case "search.fs_uuid" -> Volumes.How.UUID;
                    case "search.fs_label" -> Volumes.How.LABEL;
                    default -> Volumes.How.FILE;
                };
        boolean general = command.equals("search");
        var variable = "root";
        var values = new ArrayList<String>();
        for (int i = 0; i < words.size(); i++) {
            var word = words.get(i);
            switch (word) {
                case "-u", "--fs-uuid" -> how = Volumes.How.UUID;
                case "-l", "--label", "--fs-label" -> how = Volumes.How.LABEL;
                case "-f", "--file" -> how = Volumes.How.FILE;
                case "-s", "--set" -> {
                    // Its value may be left out when the name of a device is last.
                    if (i + 2 < words.size() && !words.get(i + 1).startsWith("-")) {
                        variable = words.get(++i);
                    }
                }
                case "-n", "--no-floppy" -> {}
                case "--hint" -> i++;
                default -> {
                    if (word.startsWith("--set=")) {
                        variable = word.substring("--set=".length());
                    } else if (!word.startsWith("-")) {
                        values.add(word);
                    }
                }
            }
        }
        if (values.isEmpty()) {
            return false;
        }
        var found = volumes.search(how, values.getFirst());
        if (found.isPresent()) {
            set(general || values.size() < 2 ? variable : values.get(1), found.get());
        }
        return found.isPresent();
    }

    private boolean include(List<String> words) throws GrubException {
        if (words.size() != 1) {
            return false;
        }
        var content = volumes.read(place(words.getFirst()), TEXT_CHARACTERS_MAX);
        if (content.isEmpty()) {
            return false;
        }
        call(Parser.parse(new String(content.get(), StandardCharsets.UTF_8)), arguments);
        return true;
    }

    private boolean loadKernel(List<String> words) throws GrubException {
        if (words.isEmpty()) {
            return false;
        }
        kernel = Optional.of(place(words.getFirst()));
        kernelArguments = String.join(" ", words.subList(1, words.size()));
        ramdisks = List.of();
        return true;
    }

    private boolean loadRamdisks(List<String> words) throws GrubException {
        var places = new ArrayList<BootChoice.Place>();
        for (var word : words) {
            places.add(place(word));
        }
        ramdisks = places;
        return true;
    }

    // ---------------------------------------------------------------- words

    private List<String> expand(List<Word> words) throws GrubException {
        var expanded = new ArrayList<String>();
        for (var word : words) {
            expand(word, expanded);
            require(expanded.size() <= WORDS_MAX, "words in a command", WORDS_MAX);
        }
        return expanded;
    }

    /// Values of variables that are not quoted are split where there is space.
    private void expand(Word word, List<String> expanded) throws GrubException {
        var text = new StringBuilder();
        boolean begun = false;
        for (var part : word.parts()) {
            switch (part) {
                case Word.Part.Text(var literal, _) -> {
                    text.append(literal);
                    begun = true;
                }
                case Word.Part.Variable(var name, boolean quoted) -> {
                    var value = value(name);
                    if (quoted) {
                        text.append(value);
                        begun = true;
                        break;
                    }
                    for (int i = 0; i < value.length(); i++) {
                        if (!Character.isWhitespace(value.charAt(i))) {
                            text.append(value.charAt(i));
                            begun = true;
                        } else if (begun) {
                            expanded.add(bounded(text.toString()));
                            text.setLength(0);
                            begun = false;
                        }
                    }
                }
            }
            bounded(text);
        }
        if (begun) {
            expanded.add(text.toString());
        }
    }

    private String value(String name) {
        if (name.equals("?")) {
            return succeeded ? "0" : "1";
        }
        if (name.equals("#")) {
            return Integer.toString(arguments.size());
        }
        if (name.equals("@") || name.equals("*")) {
            return String.join(" ", arguments);
        }
        if (name.matches("[0-9]{1,4}")) {
            int index = Integer.parseInt(name) - 1;
            return index >= 0 && index < arguments.size() ? arguments.get(index) : "";
        }
        return variable(name);
    }

    private static <T extends CharSequence> T bounded(T text) throws GrubException {
        if (text.length() > VALUE_CHARACTERS_MAX) {
            throw new GrubException(
                    "a word is longer than " + VALUE_CHARACTERS_MAX + " characters");
        }
        return text;
    }
}
