package org.xenolith.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;

import java.lang.foreign.Linker;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Random;
import java.util.SplittableRandom;

/// What the layout and the habits of this code forbid, beyond what `module-info` says.
class ArchitectureTest {
    private static JavaClasses all;

    @BeforeAll
    static void importAll() {
        all =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("org.xenolith");
    }

    @Test
    void theImportFindsTheCode() {
        assertThat(all.size()).isGreaterThan(300);
    }

    @Test
    void onlyLinuxNamesTheNativeLinker() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.xenolith.linux..")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .check(all);
    }

    @Test
    void onlyBaseNamesClocksAndRandomSources() {
        var rule =
                noClasses()
                        .that()
                        .resideOutsideOfPackage("org.xenolith.base..")
                        .should()
                        .callMethod(System.class, "nanoTime")
                        .orShould()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .callMethod(Instant.class, "now")
                        .orShould()
                        .dependOnClassesThat()
                        .belongToAnyOf(Random.class, SplittableRandom.class, SecureRandom.class);
        rule.check(all);
        // The canary: these very rules must see a breach.
        var canary = new ClassFileImporter().importClasses(ArchitectureTest.class);
        assertThatThrownBy(() -> rule.check(canary)).isInstanceOf(AssertionError.class);
    }

    @Test
    void nobodySleeps() {
        noClasses().should().callMethod(Thread.class, "sleep", long.class).check(all);
    }

    @Test
    void stateRecordsHoldNoArrays() {
        noFields()
                .that()
                .areDeclaredInClassesThat()
                .haveSimpleNameEndingWith("State")
                .and()
                .areDeclaredInClassesThat()
                .areAssignableTo(Record.class)
                .and()
                .areNotStatic()
                .should()
                .haveRawType(
                        com.tngtech.archunit.base.DescribedPredicate.describe(
                                "an array", JavaClass::isArray))
                .check(all);
    }

    @Test
    void backEndsAndXenServicesNeverSeeAnEngine() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.xenolith.xen..",
                        "org.xenolith.xenstore..",
                        "org.xenolith.pv..",
                        "org.xenolith.platform..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.xenolith.engine.soft..", "org.xenolith.x86..")
                .check(all);
    }

    /// It knows memory, the stream and the board's machine.
    @Test
    void whoMovesAMachineKnowsNoDevice() {
        noClasses()
                .that()
                .resideInAnyPackage("org.xenolith.migration..", "org.xenolith.mirror..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.xenolith.pv..",
                        "org.xenolith.platform..",
                        "org.xenolith.xenstore..",
                        "org.xenolith.images..",
                        "org.xenolith.network..",
                        "org.xenolith.device..",
                        "org.xenolith.engine..",
                        "org.xenolith.xl..")
                .check(all);
    }

    /// So that a simulation runs the very same.
    @Test
    void aMirrorsProtocolKnowsNoThreadNoClockAndNoConnection() {
        noClasses()
                .that()
                .resideInAPackage("org.xenolith.mirror.protocol..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "org.xenolith.mirror.protocol",
                        "org.xenolith.base",
                        "java.lang..",
                        "java.util")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Thread.class, Clock.class, Entropy.class)
                .check(all);
    }

    @Test
    void theCompilerKnowsNothingOfX86() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.xenolith.jit..", "org.xenolith.baseline..", "org.xenolith.ir..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.xenolith.x86..")
                .check(all);
    }

    @Test
    void nothingStaticCanChange() {
        fields().that().areStatic().should().haveModifier(JavaModifier.FINAL).check(all);
    }

    @Test
    void everyModuleHasItsOwnPackage() {
        classes().should().resideInAPackage("org.xenolith..").check(all);
    }
}
