package org.xenolith.boot.grub;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The entries of a menu, as far as they are known before one is chosen.
record Menu(List<Item> items) {
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    /// @param id empty if there is none
    /// @param arguments what the body sees as `$1` and so on
    record Item(
            String title,
            String id,
            boolean submenu,
            List<String> arguments,
            List<Statement> body) {}

    /// The item that one step of a path means: its number from 0, its id or its title.
    Optional<Item> item(String name) {
        if (NUMBER.matcher(name).matches()) {
            int index = Integer.parseInt(name);
            return index < items.size() ? Optional.of(items.get(index)) : Optional.empty();
        }
        return items.stream()
                .filter(item -> item.id.equals(name) || item.title.equals(name))
                .findFirst();
    }
}
