"""The writer's taste: what is asked, what each candidate weighs, which one is taken. Changes no format."""
