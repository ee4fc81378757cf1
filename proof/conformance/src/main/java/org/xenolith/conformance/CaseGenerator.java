package org.xenolith.conformance;

import java.util.List;

/// Random cases over instruction forms. The same seed, forms and host give the same cases.
public final class CaseGenerator implements CaseSource {
    private final Dice dice;
    private final HostFeatures features;
    private final List<InstructionForm> forms;

    /// All forms whose title (name and encoding, as `ADD 01 /r`) contains `filter` and that the
    /// host can run.
    public CaseGenerator(HostFeatures features, long seed, String filter) {
        this.dice = new Dice(seed);
        this.features = features;
        this.forms =
                InstructionForm.all().stream()
                        .filter(form -> form.title().contains(filter))
                        .filter(form -> form.feature().map(features::has).orElse(true))
                        .toList();
        if (forms.isEmpty()) {
            throw new IllegalArgumentException("no form matches " + filter);
        }
    }

    public CaseGenerator(HostFeatures features, long seed) {
        this(features, seed, "");
    }

    public int formCount() {
        return forms.size();
    }

    @Override
    public CpuCase next() {
        while (true) {
            var form = forms.get(dice.below(forms.size()));
            var test = new CaseBuilder(form, features, dice).build();
            if (test.isPresent()) {
                return test.get();
            }
        }
    }
}
