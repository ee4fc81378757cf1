package org.xenolith.boot.grub;

import java.util.Optional;

/// Finds what GRUB would start.
public final class Grub {
    /// Bytes of a configuration.
    public static final int CONFIG_BYTES_MAX = Shell.TEXT_CHARACTERS_MAX;

    private static final int SUBMENUS_MAX = 8;

    private Grub() {}

    /// The entry that `text`, a configuration found on `device` in `directory`, starts when nobody
    /// touches the menu, or the one that `entry` names: by its number from 0, its id or its title,
    /// with `>` between those of a submenu and those in it.
    public static BootChoice choose(
            String text, Volumes volumes, String device, String directory, Optional<String> entry)
            throws GrubException {
        var shell = new Shell(volumes, device, directory);
        var menu = shell.menu(Parser.parse(text));
        if (menu.items().isEmpty()) {
            throw new GrubException("it has no menu entry");
        }
        if (entry.isPresent()) {
            return shell.choose(
                    find(shell, menu, entry.get())
                            .orElseThrow(() ->
                                    new GrubException("it has no entry \"" + entry.get() + "\"")));
        }
        var path = shell.variable("default");
        // As GRUB does when the default is not there.
        var item = find(shell, menu, path.isEmpty() ? "0" : path).or(() -> menu.item("0"));
        return shell.choose(firstIn(shell, item.orElseThrow()));
    }

    private static Optional<Menu.Item> find(Shell shell, Menu menu, String path)
            throws GrubException {
        var whole = menu.item(path);
        if (whole.isPresent()) {
            return Optional.of(firstIn(shell, whole.get()));
        }
        var names = path.split(">", SUBMENUS_MAX);
        var item = menu.item(names[0]);
        for (int i = 1; i < names.length && item.isPresent() && item.get().submenu(); i++) {
            item = shell.open(item.get()).item(names[i]);
        }
        return item.isEmpty() ? item : Optional.of(firstIn(shell, item.get()));
    }

    /// An entry that is no menu: the first one of a submenu.
    private static Menu.Item firstIn(Shell shell, Menu.Item item) throws GrubException {
        var at = item;
        for (int i = 0; at.submenu(); i++) {
            var inner = shell.open(at).item("0");
            if (i == SUBMENUS_MAX || inner.isEmpty()) {
                throw new GrubException("the submenu \"" + at.title() + "\" leads to no entry");
            }
            at = inner.get();
        }
        return at;
    }
}
