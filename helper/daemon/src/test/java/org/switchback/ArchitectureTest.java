package org.switchback;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "org.switchback", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule whatIsDecidedIsDecidedFromFactsAlone = noClasses()
            .that()
            .resideInAnyPackage("org.switchback.hardware..", "org.switchback.plan..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.io..",
                    "java.nio.file..",
                    "java.nio.channels..",
                    "java.net..",
                    "org.freedesktop.dbus..",
                    "com.sun.jna..",
                    "javafx..")
            .because("the same facts must give the same plan everywhere: in the helper, in a test, on a sample machine");

    @ArchTest
    static final ArchRule factsDoNotKnowWhatIsDoneWithThem = noClasses()
            .that()
            .resideInAPackage("org.switchback.hardware..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.switchback.plan..",
                    "org.switchback.kernel..",
                    "org.switchback.transaction..",
                    "org.switchback.protocol..",
                    "org.switchback.service..")
            .because("the front end reads the same records and has no business with the rest");

    @ArchTest
    static final ArchRule plansAreNotCarriedOutWhereTheyAreMade = noClasses()
            .that()
            .resideInAPackage("org.switchback.plan..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.switchback.kernel..",
                    "org.switchback.transaction..",
                    "org.switchback.protocol..",
                    "org.switchback.service..")
            .because("a plan is shown before anything is asked, so making one must not be able to change anything");

    @ArchTest
    static final ArchRule theTransactionKnowsNoBus = noClasses()
            .that()
            .resideInAnyPackage("org.switchback.transaction..", "org.switchback.kernel..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.switchback.protocol..", "org.switchback.service..", "org.freedesktop.dbus..")
            .because("a switch must be put back after a crash, before there is anybody on the bus");

    @ArchTest
    static final ArchRule dbusIsAtTheEdge = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "org.switchback.protocol..", "org.switchback.service..", "org.switchback.Helper1.Error..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.freedesktop.dbus..")
            .because("dbus-java 5 will be replaced, and only its own packages should notice");

    @ArchTest
    static final ArchRule theHelperHasNoScreen = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "java.awt..", "javax.swing..")
            .because("it runs as root and without a session");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles = slices()
            .matching("org.switchback.(*)..")
            .should()
            .beFreeOfCycles()
            .because("there is one way through the code, and it has a direction");

    @ArchTest
    static final ArchRule packagesAreNamedAfterWhatTheyAreAbout = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..utils..", "..common..", "..impl..", "..manager..", "..misc..")
            .because("such a name says nothing about what is inside, so anything ends up there");

    @ArchTest
    static final ArchRule classesAreNamedAfterWhatTheyAre = noClasses()
            .should()
            .haveNameMatching(".*(Util|Utils|Common|Impl|Manager)")
            .because("such a name says nothing about what the class does");
}
