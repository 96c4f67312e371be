# Warnings are errors in our own code.
add_compile_options(-Wall -Wextra -Werror -Wno-psabi)
