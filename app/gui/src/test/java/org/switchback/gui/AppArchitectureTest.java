package org.switchback.gui;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import javafx.application.Platform;

@AnalyzeClasses(packages = "org.switchback.app", importOptions = DoNotIncludeTests.class)
class AppArchitectureTest {
    @ArchTest
    static final ArchRule viewModelsDoNotUseTheSceneGraph = noClasses()
            .that()
            .haveSimpleNameEndingWith("ViewModel")
            .or()
            .resideInAnyPackage("org.switchback.app.background..", "org.switchback.app.words..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "javafx.scene..", "javafx.stage..", "javafx.application..", "org.controlsfx..", "atlantafx..")
            .because("what the window says and does is tested without a toolkit");

    @ArchTest
    static final ArchRule viewModelsDoNotDependOnViews = noClasses()
            .that()
            .haveSimpleNameEndingWith("ViewModel")
            .should()
            .dependOnClassesThat()
            .haveSimpleNameEndingWith("View")
            .because("a view shows a model and not the other way round");

    @ArchTest
    static final ArchRule viewsDoNotCallTheHelper = noClasses()
            .that()
            .haveSimpleNameEndingWith("View")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.switchback.app.helper..")
            .because("a call to the helper blocks, and views live on the thread that draws");

    @ArchTest
    static final ArchRule onlyBusPackagesUseDBusJava = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "org.switchback.app.bus..", "org.switchback.app.helper..", "org.switchback.app.session..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.freedesktop.dbus..")
            .because("dbus-java 5 will be replaced, and only those who speak on a bus should notice");

    @ArchTest
    static final ArchRule onlyTheHelperPackageUsesHelperInternals = noClasses()
            .that()
            .resideOutsideOfPackage("org.switchback.app.helper..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.switchback.service..",
                    "org.switchback.transaction..",
                    "org.switchback.kernel..",
                    "org.switchback.plan..")
            .because("a sample machine and the real helper must be the same thing to the window");

    @ArchTest
    static final ArchRule theCommandLineDoesNotUseJavaFx = noClasses()
            .that()
            .resideInAnyPackage(
                    "org.switchback.app.bus..",
                    "org.switchback.app.cli..",
                    "org.switchback.app.helper..",
                    "org.switchback.app.samples..",
                    "org.switchback.app.words..")
            .or()
            .haveFullyQualifiedName("org.switchback.gui.Main")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "atlantafx..", "org.controlsfx..", "org.kordamp..")
            .because("loading JavaFX alone doubles the time of a command, and a server has no libraries for it");

    @ArchTest
    static final ArchRule onlyTheRootPackageUsesPlatform = noClasses()
            .that()
            .resideInAPackage("org.switchback.app.*..")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Platform.class)
            .because("results come back to the drawing thread in one place, which tests replace");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles = slices()
            .matching("org.switchback.app.(*)..")
            .should()
            .beFreeOfCycles()
            .because("a page can be understood, changed and deleted without the others");

    @ArchTest
    static final ArchRule subpackagesDoNotDependOnTheRootPackage = noClasses()
            .that()
            .resideInAPackage("org.switchback.app.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.switchback.app")
            .because("the window puts the pages together, so the way leads from it to them");

    @ArchTest
    static final ArchRule packageNamesAreNotGeneric = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..utils..", "..common..", "..impl..", "..manager..", "..misc..")
            .because("such a name says nothing about what is inside, so anything ends up there");

    @ArchTest
    static final ArchRule classNamesAreNotGeneric = noClasses()
            .should()
            .haveNameMatching(".*(Util|Utils|Common|Impl|Manager)")
            .because("such a name says nothing about what the class does");
}
