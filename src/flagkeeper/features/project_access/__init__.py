"""Project access: who may do what in a project, as people see and change it."""
