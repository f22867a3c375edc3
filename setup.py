"""Installation by colcon (ament_python) and by pip. Name, version and so on repeat package.xml (tested)."""

from glob import glob

from setuptools import find_packages, setup

NAME = "itnnr_ik"

# What ROS 2 is made of where it comes from PyPI instead of an installation (Linux x86-64, Python >= 3.11).
ROS = [
    "ros-rclpy",
    "ros-rmw-fastrtps-cpp",
    "ros-ament-index-python",
    "ros-builtin-interfaces",
    "ros-diagnostic-msgs",
    "ros-geometry-msgs",
    "ros-nav-msgs",
    "ros-rcl-interfaces",
    "ros-rosgraph-msgs",
    "ros-sensor-msgs",
    "ros-std-msgs",
    "ros-std-srvs",
    "ros-trajectory-msgs",
    "ros-visualization-msgs",
    "ruckig",  # the motion that a controller is sent
]

#: Folders whose files, and not the folders in them, are installed as they are.
SHARED = ("launch", "config", "config/security", "rviz")

setup(
    name=NAME,
    version="0.1.0",
    description="Inverse kinematics of any serial arm, from its URDF or a recording, in Python and ROS 2",
    maintainer="itnnr_ik maintainers",
    maintainer_email="maintainers@itnnr-ik.example",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "models/*/*", "paper/*.json", "robot/urdf/*.urdf"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *((f"share/{NAME}/{folder}", glob(f"{folder}/*.*")) for folder in SHARED),
        (f"share/{NAME}/urdf", glob(f"{NAME}/robot/urdf/*.urdf")),
        (f"lib/{NAME}", glob(f"lib/{NAME}/*")),
    ],
    zip_safe=False,
    install_requires=[
        "backports-zstd; python_version < '3.14'",
        "lz4",
        "matplotlib",
        "numba",
        "numpy",
        "pillow",
        "rosbags",
        "ruamel-yaml",
        "safetensors",
        "scipy",
        "tqdm",
    ],
    extras_require={
        "test": ["pytest", "hypothesis"],  # colcon test runs pytest only where it finds it here
        "train": ["torch"],
        "dask": ["distributed", "fsspec"],
        "mujoco": ["mujoco"],
        "view": ["trimesh", "viser", "websockets>=15"],
        "retime": ["toppra"],
        "svg": ["svgelements"],
        "ros": ROS,
    },
    entry_points={
        "console_scripts": [
            "itnnr-ik = itnnr_ik.cli:main",
            "ik_node = itnnr_ik.ros.ik_node:main",
            "simulator = itnnr_ik.ros.simulator:main",
            "target_source = itnnr_ik.ros.target_source:main",
            "target_marker = itnnr_ik.ros.target_marker:main",
            "evaluator = itnnr_ik.ros.evaluator:main",
        ],
    },
)
