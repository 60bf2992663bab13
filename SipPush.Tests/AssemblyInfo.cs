// A test's fields are its own: none sees what another left in them.
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
