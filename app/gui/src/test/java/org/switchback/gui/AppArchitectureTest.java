package org.switchback.gui;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.ENUMS;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import javafx.application.Platform;

@AnalyzeClasses(
        packages = {"org.switchback.cli", "org.switchback.client", "org.switchback.gui"},
        importOptions = {DoNotIncludeTests.class, AppArchitectureTest.DoNotIncludeTestJars.class})
class AppArchitectureTest {
    /** The tests of the other modules come in a JAR of their own. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule viewModelsDoNotUseTheSceneGraph = noClasses()
            .that()
            .haveSimpleNameEndingWith("ViewModel")
            .or()
            .resideInAnyPackage("org.switchback.gui.tasks..", "org.switchback.client.messages..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "javafx.scene..", "javafx.stage..", "javafx.application..", "org.controlsfx..", "atlantafx..")
            .because("view models are tested without a JavaFX toolkit");

    @ArchTest
    static final ArchRule viewModelsDoNotDependOnViews = noClasses()
            .that()
            .haveSimpleNameEndingWith("ViewModel")
            .should()
            .dependOnClassesThat()
            .haveSimpleNameEndingWith("View")
            .because("a view observes its model, not the other way round");

    @ArchTest
    static final ArchRule viewsDoNotCallTheHelper = noClasses()
            .that()
            .haveSimpleNameEndingWith("View")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.switchback.client")
            .because("calls to the helper block, and views run on the FX thread");

    @ArchTest
    static final ArchRule onlyBusPackagesUseDBusJava = noClasses()
            .that()
            .resideOutsideOfPackages("org.switchback.client", "org.switchback.gui.session..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.freedesktop.dbus..")
            .because("replacing dbus-java 5 should affect these packages only");

    @ArchTest
    static final ArchRule onlyTheClientPackageUsesHelperInternals = noClasses()
            .that()
            .resideOutsideOfPackage("org.switchback.client")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                            "org.switchback.service..", "org.switchback.transaction..", "org.switchback.kernel..")
                    .or(resideInAnyPackage("org.switchback.plan..", "org.switchback.simulator..")
                            .and(not(ENUMS))))
            .because("the app uses a simulated machine and the real helper through the same interface");

    @ArchTest
    static final ArchRule theCommandLineDoesNotUseJavaFx = noClasses()
            .that()
            .resideInAnyPackage("org.switchback.cli..", "org.switchback.client..")
            .or()
            .haveFullyQualifiedName("org.switchback.gui.Main")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "atlantafx..", "org.controlsfx..", "org.kordamp..")
            .because("loading JavaFX alone doubles the time of a command, and a server has no libraries for it");

    @ArchTest
    static final ArchRule onlyTheRootPackageUsesPlatform = noClasses()
            .that()
            .resideInAPackage("org.switchback.gui.*..")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Platform.class)
            .because("results get to the FX thread in one place, which tests replace");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles = slices().matching("org.switchback.(client|gui).(*)..")
            .should()
            .beFreeOfCycles()
            .because("each page can be understood, changed and deleted without the others");

    @ArchTest
    static final ArchRule subpackagesDoNotDependOnTheRootPackage = noClasses()
            .that()
            .resideInAPackage("org.switchback.gui.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.switchback.gui")
            .because("the main window assembles the pages, so dependencies lead from it to them");

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
}
