"""The robot world: homes, a robot with a gripper, people, and missions in words."""
