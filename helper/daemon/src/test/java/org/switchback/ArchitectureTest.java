package org.switchback;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Tests the dependencies between the packages, and class names. */
@AnalyzeClasses(
        packages = "org.switchback",
        importOptions = {DoNotIncludeTests.class, ArchitectureTest.DoNotIncludeTestJars.class})
class ArchitectureTest {
    /** Excludes the test classes of other modules, which are in separate JARs. */
    static final class DoNotIncludeTestJars implements com.tngtech.archunit.core.importer.ImportOption {
        @Override
        public boolean includes(com.tngtech.archunit.core.importer.Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule layersDependDownwardsOnly = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("hardware")
            .definedBy("org.switchback.hardware..")
            .layer("plan")
            .definedBy("org.switchback.plan..")
            .layer("kernel")
            .definedBy("org.switchback.kernel..")
            .layer("job")
            .definedBy("org.switchback.job..")
            .layer("linux")
            .definedBy("org.switchback.linux..")
            .layer("simulator")
            .definedBy("org.switchback.simulator..")
            .layer("transaction")
            .definedBy("org.switchback.transaction..")
            .layer("protocol")
            .definedBy("org.switchback.protocol..", "org.switchback.Helper1.Error..")
            .layer("service")
            .definedBy("org.switchback.service..")
            .whereLayer("service")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("protocol")
            .mayOnlyBeAccessedByLayers("service")
            .whereLayer("transaction")
            .mayOnlyBeAccessedByLayers("service")
            .whereLayer("linux")
            .mayOnlyBeAccessedByLayers("service")
            .whereLayer("simulator")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("job")
            .mayOnlyBeAccessedByLayers("transaction", "protocol", "service")
            .whereLayer("kernel")
            .mayOnlyBeAccessedByLayers("linux", "simulator", "transaction", "service")
            .whereLayer("plan")
            .mayOnlyBeAccessedByLayers("kernel", "job", "linux", "simulator", "transaction", "protocol", "service")
            .because("data flows one way: hardware, plan, transaction, D-Bus");

    @ArchTest
    static final ArchRule modelDoesNoIo = noClasses()
            .that()
            .resideInAnyPackage(
                    "org.switchback.hardware..",
                    "org.switchback.plan..",
                    "org.switchback.kernel..",
                    "org.switchback.job..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.io..",
                    "java.nio.file..",
                    "java.nio.channels..",
                    "java.net..",
                    "org.freedesktop.dbus..",
                    "com.sun.jna..")
            .because(
                    "the same machine state must give the same plan in the helper, in a test and for a sample machine");

    @ArchTest
    static final ArchRule onlyProtocolBusAndServiceUseDBusJava = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "org.switchback.protocol..",
                    "org.switchback.bus..",
                    "org.switchback.service..",
                    "org.switchback.Helper1.Error..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.freedesktop.dbus..")
            .because("replacing dbus-java should affect these packages only");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles = slices().matching("org.switchback.(*)..")
            .should()
            .beFreeOfCycles()
            .because("a package should be understandable without the packages that use it");

    @ArchTest
    static final ArchRule packageNamesAreNotGeneric = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..utils..", "..common..", "..impl..", "..manager..", "..misc..")
            .because("a generic name attracts unrelated classes");

    @ArchTest
    static final ArchRule classNamesAreNotGeneric = noClasses()
            .should()
            .haveNameMatching(".*(Util|Utils|Common|Impl|Manager)")
            .because("a generic name does not say what the class does");

    @ArchTest
    static final ArchRule classNamesAreStandardTerms = noClasses()
            .should()
            .haveNameMatching(".*(Ladder|Rung|Mishap|Judge|Errand|Holder|Capture|Words|Attempt|Wish|Sight|Shell)")
            .because("these were non-standard names of this project for release strategy, release method, failure"
                    + " scenario, formatter, pending task, device user, snapshot, messages, switch record, command,"
                    + " session and writer process");
}
